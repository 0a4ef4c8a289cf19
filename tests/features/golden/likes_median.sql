-- view: view_past_posts
SELECT
  "t8".*
  EXCLUDE ("as_of", "created_at", "newest")
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t6"."post_id",
      "t6"."account_id",
      "t6"."created_at",
      "t6"."kind",
      "t6"."text",
      "t6"."likes_count",
      "t6"."comments_count",
      "t6"."reposts_count",
      "t6"."views_count",
      "t6"."as_of",
      "t6"."at_s",
      "t6"."as_of_s",
      ROW_NUMBER() OVER (
        PARTITION BY "t6"."account_id"
        ORDER BY "t6"."at_s" DESC, "t6"."post_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) - 1 AS "newest"
    FROM (
      SELECT
        "t5"."post_id",
        "t5"."account_id",
        "t5"."created_at",
        "t5"."kind",
        "t5"."text",
        "t5"."likes_count",
        "t5"."comments_count",
        "t5"."reposts_count",
        "t5"."views_count",
        "t5"."as_of",
        CAST(FLOOR(CAST(EPOCH(CAST("t5"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) AS "at_s",
        CAST(FLOOR(CAST(EPOCH(CAST("t5"."as_of" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) AS "as_of_s"
      FROM (
        SELECT
          "t2"."post_id",
          "t2"."account_id",
          "t2"."created_at",
          "t2"."kind",
          "t2"."text",
          "t2"."likes_count",
          "t2"."comments_count",
          "t2"."reposts_count",
          "t2"."views_count",
          "t4"."as_of"
        FROM "posts" AS "t2"
        INNER JOIN (
          SELECT
            "t1"."account_id",
            "t1"."as_of"
          FROM "verdicts" AS "t1"
        ) AS "t4"
          ON "t2"."account_id" = "t4"."account_id"
      ) AS "t5"
      WHERE
        "t5"."created_at" < "t5"."as_of"
        AND CAST(FLOOR(CAST(EPOCH(CAST("t5"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) >= (
          CAST(FLOOR(CAST(EPOCH(CAST("t5"."as_of" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) - 7776000
        )
    ) AS "t6"
  ) AS "t7"
  WHERE
    "t7"."newest" < 500
) AS "t8";

-- group: group_liked_posts
SELECT
  "t7"."account_id",
  CASE
    WHEN COUNT(*) >= 1
    THEN QUANTILE_CONT("t7"."likes", 0.5)
    ELSE CAST(NULL AS DOUBLE)
  END AS "likes_median"
FROM (
  SELECT
    "t6"."account_id",
    "t6"."post_id",
    "t6"."at_s",
    "t6"."likes",
    "t6"."comments",
    "t6"."reposts",
    "t6"."views",
    "t6"."followers",
    CAST(ROUND(LN(CAST("t6"."likes" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0 AS "log_likes",
    CAST(ROUND(LN(CAST("t6"."comments" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0 AS "log_comments",
    CAST(ROUND(LN(CAST("t6"."reposts" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0 AS "log_reposts"
  FROM (
    SELECT
      "t4"."account_id",
      "t4"."post_id",
      "t4"."at_s",
      "t4"."likes",
      "t4"."comments",
      "t4"."reposts",
      "t4"."views",
      "t5"."followers"
    FROM (
      SELECT
        "t0"."account_id",
        "t0"."post_id",
        "t0"."at_s",
        CASE
          WHEN "t0"."likes_count" >= 0
          THEN LEAST("t0"."likes_count", 9007199254740992)
          ELSE NULL
        END AS "likes",
        CASE
          WHEN "t0"."comments_count" >= 0
          THEN LEAST("t0"."comments_count", 9007199254740992)
          ELSE NULL
        END AS "comments",
        CASE
          WHEN "t0"."reposts_count" >= 0
          THEN LEAST("t0"."reposts_count", 9007199254740992)
          ELSE NULL
        END AS "reposts",
        CASE
          WHEN "t0"."views_count" >= 0
          THEN LEAST("t0"."views_count", 9007199254740992)
          ELSE NULL
        END AS "views"
      FROM "view_past_posts" AS "t0"
      WHERE
        COALESCE("t0"."kind" <> 'repost', TRUE) AND "t0"."likes_count" >= 0
    ) AS "t4"
    INNER JOIN (
      SELECT
        "t1"."account_id",
        CASE WHEN "t1"."followers_count" >= 0 THEN "t1"."followers_count" ELSE NULL END AS "followers"
      FROM "accounts" AS "t1"
    ) AS "t5"
      ON "t4"."account_id" = "t5"."account_id"
  ) AS "t6"
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
        WHEN ISNAN("t5"."likes_median") OR ISINF("t5"."likes_median")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."likes_median"
      END
    ) AS "likes_median"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account_id" AS "account_id_liked_posts",
      "t1"."likes_median"
    FROM "group_liked_posts" AS "t1"
  ) AS "t5"
    ON "t4"."account_id" = "t5"."account_id_liked_posts"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
