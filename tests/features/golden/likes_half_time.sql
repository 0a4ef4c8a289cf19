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

-- view: view_likes
SELECT
  "t1"."post",
  "t1"."actor",
  "t1"."author",
  "t1"."at_s",
  "t1"."delay_s",
  "t1"."received",
  MIN("t1"."at_s") OVER (PARTITION BY "t1"."post" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "first_s",
  CAST(ROW_NUMBER() OVER (
    PARTITION BY "t1"."post"
    ORDER BY "t1"."at_s" ASC, "t1"."actor" ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  ) - 1 AS INT) AS "nth",
  CAST("t1"."at_s" - LAG("t1"."at_s", 1) OVER (
    PARTITION BY "t1"."post"
    ORDER BY "t1"."at_s" ASC, "t1"."actor" ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  ) AS INT) AS "gap_s",
  CAST(COUNT("t1"."at_s") OVER (
    PARTITION BY "t1"."post"
    ORDER BY "t1"."at_s" ASC
    RANGE BETWEEN 60 preceding AND CURRENT ROW
  ) AS INT) AS "near"
FROM (
  SELECT
    "t0"."post",
    "t0"."actor",
    "t0"."author",
    "t0"."at_s",
    "t0"."delay_s",
    "t0"."received"
  FROM "view_deeds" AS "t0"
  WHERE
    "t0"."deed" = 0
    AND (
      (
        "t0"."author" IS NULL
      ) OR (
        "t0"."actor" <> "t0"."author"
      )
    )
) AS "t1";

-- view: view_threads
SELECT
  "t3"."account",
  "t3"."post",
  COUNT(*) AS "n",
  QUANTILE_CONT("t3"."delay_s", 0.5) AS "half_s",
  QUANTILE_CONT("t3"."delay_s", 0.9) AS "most_s",
  MAX("t3"."near") AS "burst",
  SUM("t3"."near") AS "crowd",
  COUNT(
    CASE
      WHEN (
        "t3"."delay_s" >= 86400
      ) AND (
        "t3"."near" >= 5
      )
      THEN 1
      ELSE NULL
    END
  ) AS "late_bursts",
  COUNT(CASE WHEN "t3"."gap_s" = 0 THEN 1 ELSE NULL END) AS "same_second",
  (
    SQRT(
      CAST((
        COUNT(
          CAST(ROUND(
            CASE
              WHEN (
                CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0
              ) IS NOT NULL
              THEN GREATEST(
                LEAST(
                  CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0,
                  4398046511104.0
                ),
                -4398046511104.0
              )
              ELSE CAST(NULL AS DOUBLE)
            END * 1048576.0,
            0
          ) AS BIGINT)
        ) * SUM(
          CAST(ROUND(
            CASE
              WHEN (
                CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0
              ) IS NOT NULL
              THEN GREATEST(
                LEAST(
                  CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0,
                  4398046511104.0
                ),
                -4398046511104.0
              )
              ELSE CAST(NULL AS DOUBLE)
            END * 1048576.0,
            0
          ) AS BIGINT) * CAST(ROUND(
            CASE
              WHEN (
                CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0
              ) IS NOT NULL
              THEN GREATEST(
                LEAST(
                  CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0,
                  4398046511104.0
                ),
                -4398046511104.0
              )
              ELSE CAST(NULL AS DOUBLE)
            END * 1048576.0,
            0
          ) AS BIGINT)
        )
      ) - (
        SUM(
          CAST(ROUND(
            CASE
              WHEN (
                CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0
              ) IS NOT NULL
              THEN GREATEST(
                LEAST(
                  CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0,
                  4398046511104.0
                ),
                -4398046511104.0
              )
              ELSE CAST(NULL AS DOUBLE)
            END * 1048576.0,
            0
          ) AS BIGINT)
        ) * SUM(
          CAST(ROUND(
            CASE
              WHEN (
                CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0
              ) IS NOT NULL
              THEN GREATEST(
                LEAST(
                  CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0,
                  4398046511104.0
                ),
                -4398046511104.0
              )
              ELSE CAST(NULL AS DOUBLE)
            END * 1048576.0,
            0
          ) AS BIGINT)
        )
      ) AS DOUBLE)
    ) / NULLIF(
      CAST(COUNT(
        CAST(ROUND(
          CASE
            WHEN (
              CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0
            ) IS NOT NULL
            THEN GREATEST(
              LEAST(
                CAST(ROUND(LN(CAST("t3"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0,
                4398046511104.0
              ),
              -4398046511104.0
            )
            ELSE CAST(NULL AS DOUBLE)
          END * 1048576.0,
          0
        ) AS BIGINT)
      ) AS DOUBLE),
      0
    )
  ) / 1048576.0 AS "gap_spread",
  MIN("t3"."at_s" - "t3"."delay_s") AS "posted_s",
  COUNT(CASE WHEN "t3"."delay_s" < 60 THEN 1 ELSE NULL END) AS "in_60",
  COUNT(CASE WHEN "t3"."delay_s" < 300 THEN 1 ELSE NULL END) AS "in_300",
  COUNT(CASE WHEN "t3"."delay_s" < 900 THEN 1 ELSE NULL END) AS "in_900",
  COUNT(CASE WHEN "t3"."delay_s" < 3600 THEN 1 ELSE NULL END) AS "in_3600",
  COUNT(CASE WHEN "t3"."delay_s" < 10800 THEN 1 ELSE NULL END) AS "in_10800",
  COUNT(CASE WHEN "t3"."delay_s" < 21600 THEN 1 ELSE NULL END) AS "in_21600",
  COUNT(CASE WHEN "t3"."delay_s" < 86400 THEN 1 ELSE NULL END) AS "in_86400",
  COUNT(CASE WHEN "t3"."delay_s" < 259200 THEN 1 ELSE NULL END) AS "in_259200"
FROM (
  SELECT
    "t2"."post",
    "t2"."actor",
    "t2"."author" AS "account",
    "t2"."at_s",
    "t2"."delay_s",
    "t2"."first_s",
    "t2"."nth",
    "t2"."gap_s",
    "t2"."near"
  FROM (
    SELECT
      "t1".*
      EXCLUDE ("received")
    FROM (
      SELECT
        *
      FROM "view_likes" AS "t0"
      WHERE
        "t0"."received" AND "t0"."delay_s" IS NOT NULL
    ) AS "t1"
  ) AS "t2"
) AS "t3"
GROUP BY
  1,
  2;

-- group: group_liked_threads
SELECT
  "t1"."account",
  CASE
    WHEN COUNT(*) >= 1
    THEN QUANTILE_CONT("t1"."half_s", 0.5)
    ELSE CAST(NULL AS DOUBLE)
  END AS "likes_half_time"
FROM (
  SELECT
    *
  FROM "view_threads" AS "t0"
  WHERE
    "t0"."n" >= 3
) AS "t1"
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
        WHEN ISNAN("t5"."likes_half_time") OR ISINF("t5"."likes_half_time")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."likes_half_time"
      END
    ) AS "likes_half_time"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account" AS "account_liked_threads",
      "t1"."likes_half_time"
    FROM "group_liked_threads" AS "t1"
  ) AS "t5"
    ON "t4"."account" = "t5"."account_liked_threads"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
