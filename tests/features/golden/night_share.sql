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

-- group: group_past_posts
SELECT
  "t0"."account_id",
  CASE
    WHEN COUNT(*) >= 5
    THEN AVG(
      CAST(CAST(FLOOR((
        (
          (
            "t0"."at_s" % 86400
          ) + 86400
        ) % 86400
      ) / 3600) AS BIGINT) < 6 AS BIGINT)
    )
    ELSE CAST(NULL AS DOUBLE)
  END AS "night_share"
FROM "view_past_posts" AS "t0"
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
        WHEN ISNAN("t5"."night_share") OR ISINF("t5"."night_share")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."night_share"
      END
    ) AS "night_share"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account_id" AS "account_id_past_posts",
      "t1"."night_share"
    FROM "group_past_posts" AS "t1"
  ) AS "t5"
    ON "t4"."account_id" = "t5"."account_id_past_posts"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
