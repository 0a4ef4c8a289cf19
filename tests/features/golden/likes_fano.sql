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

-- group: group_thread_spans
SELECT
  "t7"."account",
  CASE
    WHEN COUNT(*) >= 1
    THEN (
      CAST(SUM(
        CAST(ROUND(
          CASE
            WHEN "t7"."fano" IS NOT NULL
            THEN GREATEST(LEAST("t7"."fano", 4398046511104.0), -4398046511104.0)
            ELSE CAST(NULL AS DOUBLE)
          END * 1048576.0,
          0
        ) AS BIGINT)
      ) AS DOUBLE) / NULLIF(CAST(COUNT("t7"."fano") AS DOUBLE), 0)
    ) / 1048576.0
    ELSE CAST(NULL AS DOUBLE)
  END AS "likes_fano"
FROM (
  SELECT
    "t6"."account",
    (
      (
        CAST("t6"."square" AS DOUBLE) / 288
      ) / (
        CAST("t6"."n" AS DOUBLE) / 288
      )
    ) - (
      CAST("t6"."n" AS DOUBLE) / 288
    ) AS "fano"
  FROM (
    SELECT
      "t5"."account",
      "t5"."post",
      SUM("t5"."n") AS "n",
      SUM("t5"."square") AS "square"
    FROM (
      SELECT
        "t4"."account",
        "t4"."post",
        "t4"."span",
        "t4"."n",
        "t4"."n" * "t4"."n" AS "square"
      FROM (
        SELECT
          "t3"."account",
          "t3"."post",
          "t3"."span",
          COUNT(*) AS "n"
        FROM (
          SELECT
            "t2"."author" AS "account",
            "t2"."post",
            CAST(CAST(FLOOR("t2"."delay_s" / 300) AS BIGINT) AS SMALLINT) AS "span"
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
          WHERE
            "t2"."delay_s" < 86400
        ) AS "t3"
        GROUP BY
          1,
          2,
          3
      ) AS "t4"
    ) AS "t5"
    GROUP BY
      1,
      2
  ) AS "t6"
  WHERE
    "t6"."n" >= 3
) AS "t7"
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
        WHEN ISNAN("t5"."likes_fano") OR ISINF("t5"."likes_fano")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."likes_fano"
      END
    ) AS "likes_fano"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account" AS "account_thread_spans",
      "t1"."likes_fano"
    FROM "group_thread_spans" AS "t1"
  ) AS "t5"
    ON "t4"."account" = "t5"."account_thread_spans"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
