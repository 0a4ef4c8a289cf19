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

-- view: view_targets
SELECT
  "t12"."post_id",
  CAST("t12"."author" AS INT) AS "author",
  "t12"."author_as_of",
  "t12"."posted_at",
  CAST(ROW_NUMBER() OVER (
    ORDER BY "t12"."post_id" ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  ) - 1 AS INT) AS "post",
  CAST(FLOOR(CAST(EPOCH(CAST("t12"."posted_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) AS "posted_s"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t3"."post_id",
      "t7"."author",
      "t7"."author_as_of",
      "t3"."created_at" AS "posted_at"
    FROM "posts" AS "t3"
    INNER JOIN (
      SELECT
        "t1"."account_id" AS "author_id",
        "t1"."account" AS "author",
        "t1"."as_of" AS "author_as_of"
      FROM "view_people" AS "t1"
    ) AS "t7"
      ON "t3"."account_id" = "t7"."author_id"
  ) AS "t9"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t10"."post_id",
      CAST(NULL AS BIGINT) AS "author",
      CAST(NULL AS TIMESTAMP(6)) AS "author_as_of",
      CAST(NULL AS TIMESTAMP(6)) AS "posted_at"
    FROM (
      SELECT
        "t8"."post_id"
      FROM (
        SELECT DISTINCT
          "t2"."post_id"
        FROM "engagements" AS "t2"
      ) AS "t8"
      ANTI JOIN "posts" AS "t4"
        ON "t8"."post_id" = "t4"."post_id"
    ) AS "t10"
  ) AS "t11"
) AS "t12";

-- view: view_deeds
SELECT
  CAST("t6"."actor" AS INT) AS "actor",
  "t4"."author",
  "t4"."post",
  CASE
    WHEN "t9"."kind" = 'like'
    THEN 0
    ELSE CASE WHEN "t9"."kind" = 'comment' THEN 1 ELSE 2 END
  END AS "deed",
  CAST(FLOOR(CAST(EPOCH(CAST("t9"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) AS "at_s",
  CAST(CASE
    WHEN (
      (
        CAST(FLOOR(CAST(EPOCH(CAST("t9"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) - "t4"."posted_s"
      ) >= 0
    )
    AND (
      (
        CAST(FLOOR(CAST(EPOCH(CAST("t9"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) - "t4"."posted_s"
      ) <= 2147483647
    )
    THEN CAST(FLOOR(CAST(EPOCH(CAST("t9"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) - "t4"."posted_s"
    ELSE NULL
  END AS INT) AS "delay_s",
  COALESCE(
    (
      "t9"."created_at" < "t6"."actor_as_of"
    )
    AND (
      CAST(FLOOR(CAST(EPOCH(CAST("t9"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) >= (
        CAST(FLOOR(CAST(EPOCH(CAST("t6"."actor_as_of" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) - 7776000
      )
    ),
    FALSE
  ) AS "given",
  COALESCE(
    (
      "t9"."created_at" < "t4"."author_as_of"
    )
    AND (
      "t4"."posted_at" < "t4"."author_as_of"
    )
    AND (
      "t4"."posted_s" >= (
        CAST(FLOOR(CAST(EPOCH(CAST("t4"."author_as_of" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) - 7776000
      )
    ),
    FALSE
  ) AS "received"
FROM (
  SELECT
    *
  FROM "engagements" AS "t0"
  WHERE
    "t0"."created_at" < (
      SELECT
        MAX("t3"."as_of") AS "Max(as_of)"
      FROM "verdicts" AS "t3"
    )
) AS "t9"
INNER JOIN "view_targets" AS "t4"
  ON "t9"."post_id" = "t4"."post_id"
INNER JOIN (
  SELECT
    "t2"."account_id" AS "actor_id",
    "t2"."account" AS "actor",
    "t2"."as_of" AS "actor_as_of"
  FROM "view_people" AS "t2"
) AS "t6"
  ON "t9"."actor_id" = "t6"."actor_id";

-- view: view_ties
SELECT
  "t1"."actor",
  "t1"."author",
  CAST(COUNT(CASE WHEN "t1"."given" THEN 1 ELSE NULL END) AS INT) AS "given",
  CAST(COUNT(CASE WHEN "t1"."received" THEN 1 ELSE NULL END) AS INT) AS "received",
  CAST(COUNT(CASE WHEN "t1"."received" AND (
    "t1"."deed" = 0
  ) THEN 1 ELSE NULL END) AS INT) AS "liked",
  MIN("t1"."at_s") AS "first_s"
FROM (
  SELECT
    *
  FROM "view_deeds" AS "t0"
  WHERE
    "t0"."author" IS NOT NULL AND "t0"."actor" <> "t0"."author"
) AS "t1"
GROUP BY
  1,
  2;

-- view: view_likers
SELECT
  "t3"."account",
  "t3"."other",
  "t3"."n",
  COALESCE("t4"."back", 0) AS "back"
FROM (
  SELECT
    "t0"."author" AS "account",
    "t0"."actor" AS "other",
    "t0"."liked" AS "n"
  FROM "view_ties" AS "t0"
  WHERE
    "t0"."liked" > 0
) AS "t3"
LEFT OUTER JOIN (
  SELECT
    "t0"."actor",
    "t0"."author",
    "t0"."given" AS "back"
  FROM "view_ties" AS "t0"
  WHERE
    "t0"."given" > 0
) AS "t4"
  ON "t3"."account" = "t4"."actor" AND "t3"."other" = "t4"."author";

-- group: group_likers
SELECT
  "t0"."account",
  CASE
    WHEN COUNT(*) >= 3
    THEN AVG(CAST("t0"."back" > 0 AS BIGINT))
    ELSE CAST(NULL AS DOUBLE)
  END AS "likers_answered"
FROM "view_likers" AS "t0"
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
        WHEN ISNAN("t5"."likers_answered") OR ISINF("t5"."likers_answered")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."likers_answered"
      END
    ) AS "likers_answered"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account" AS "account_likers",
      "t1"."likers_answered"
    FROM "group_likers" AS "t1"
  ) AS "t5"
    ON "t4"."account" = "t5"."account_likers"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
