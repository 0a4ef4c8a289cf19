-- view: view_people
SELECT
  *
FROM (
  SELECT
    "t0"."account_id",
    "t0"."account",
    "t0"."as_of"
  FROM "verdicts" AS "t0"
) AS "t5"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t15"."account_id",
    (
      ROW_NUMBER() OVER (
        ORDER BY "t15"."account_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) - 1
    ) + (
      SELECT
        COUNT(*) AS "CountStar(verdicts)"
      FROM "verdicts" AS "t0"
    ) AS "account",
    CAST(NULL AS TIMESTAMP(6)) AS "as_of"
  FROM (
    SELECT DISTINCT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            *
          FROM (
            SELECT DISTINCT
              "t2"."actor_id" AS "account_id"
            FROM "engagements" AS "t2"
          ) AS "t9"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT DISTINCT
              "t3"."account_id"
            FROM "posts" AS "t3"
          ) AS "t10"
        ) AS "t11"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT DISTINCT
            "t1"."follower_id" AS "account_id"
          FROM "follows" AS "t1"
        ) AS "t8"
      ) AS "t12"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT DISTINCT
          "t1"."followed_id" AS "account_id"
        FROM "follows" AS "t1"
      ) AS "t7"
    ) AS "t13"
  ) AS "t15"
  ANTI JOIN "verdicts" AS "t4"
    ON "t15"."account_id" = "t4"."account_id"
) AS "t16";

-- view: view_bonds
SELECT
  CAST("t5"."fan" AS INT) AS "fan",
  CAST("t6"."idol" AS INT) AS "idol",
  CAST(FLOOR(CAST(EPOCH(CAST("t2"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) AS "at_s",
  COALESCE(
    (
      "t2"."created_at" IS NULL
    ) OR (
      "t2"."created_at" < "t5"."fan_as_of"
    ),
    FALSE
  ) AS "seen_by_fan",
  COALESCE(
    (
      "t2"."created_at" IS NULL
    ) OR (
      "t2"."created_at" < "t6"."idol_as_of"
    ),
    FALSE
  ) AS "seen_by_idol"
FROM "follows" AS "t2"
INNER JOIN (
  SELECT
    "t1"."account_id" AS "fan_id",
    "t1"."account" AS "fan",
    "t1"."as_of" AS "fan_as_of"
  FROM "view_people" AS "t1"
) AS "t5"
  ON "t2"."follower_id" = "t5"."fan_id"
INNER JOIN (
  SELECT
    "t1"."account_id" AS "idol_id",
    "t1"."account" AS "idol",
    "t1"."as_of" AS "idol_as_of"
  FROM "view_people" AS "t1"
) AS "t6"
  ON "t2"."followed_id" = "t6"."idol_id";

-- group: group_follow_backs
SELECT
  "t5"."account",
  CASE
    WHEN COUNT(*) >= 1
    THEN AVG(CAST("t5"."back" AS BIGINT))
    ELSE CAST(NULL AS DOUBLE)
  END AS "follow_back_share"
FROM (
  SELECT
    "t3"."account",
    "t3"."other",
    "t4"."back_from" IS NOT NULL AS "back"
  FROM (
    SELECT
      "t0"."fan" AS "account",
      "t0"."idol" AS "other"
    FROM "view_bonds" AS "t0"
    WHERE
      "t0"."seen_by_fan"
  ) AS "t3"
  LEFT OUTER JOIN (
    SELECT
      "t0"."fan" AS "back_from",
      "t0"."idol" AS "back_to"
    FROM "view_bonds" AS "t0"
    WHERE
      "t0"."seen_by_idol"
  ) AS "t4"
    ON "t3"."account" = "t4"."back_to" AND "t3"."other" = "t4"."back_from"
) AS "t5"
GROUP BY
  1;

-- result: one row per verdict
SELECT
  *
FROM (
  SELECT
    "t4"."account_id",
    "t4"."as_of",
    COALESCE(
      CASE
        WHEN ISNAN("t5"."follow_back_share") OR ISINF("t5"."follow_back_share")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."follow_back_share"
      END
    ) AS "follow_back_share"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account" AS "account_follow_backs",
      "t1"."follow_back_share"
    FROM "group_follow_backs" AS "t1"
  ) AS "t5"
    ON "t4"."account" = "t5"."account_follow_backs"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
