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

-- view: view_gaps
SELECT
  "t2"."account_id",
  "t2"."post_id",
  "t2"."at_s",
  "t2"."gap_s",
  LAG("t2"."gap_s", 1) OVER (
    PARTITION BY "t2"."account_id"
    ORDER BY "t2"."at_s" ASC, "t2"."post_id" ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  ) AS "gap_before_s",
  CAST(ROUND(LN(CAST("t2"."gap_s" AS DOUBLE) + 1) * 1048576.0, 0) AS BIGINT) / 1048576.0 AS "log_gap",
  CAST(ROUND(
    LN(
      CAST(LAG("t2"."gap_s", 1) OVER (
        PARTITION BY "t2"."account_id"
        ORDER BY "t2"."at_s" ASC, "t2"."post_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS DOUBLE) + 1
    ) * 1048576.0,
    0
  ) AS BIGINT) / 1048576.0 AS "log_gap_before"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."post_id",
      "t0"."at_s",
      "t0"."at_s" - LAG("t0"."at_s", 1) OVER (
        PARTITION BY "t0"."account_id"
        ORDER BY "t0"."at_s" ASC, "t0"."post_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "gap_s"
    FROM "view_past_posts" AS "t0"
  ) AS "t1"
  WHERE
    "t1"."gap_s" IS NOT NULL
) AS "t2";

-- group: group_gaps
SELECT
  "t0"."account_id",
  CASE
    WHEN COUNT(*) >= 4
    THEN GREATEST(
      LEAST(
        COALESCE(
          CAST(ROUND(
            CAST((
              COUNT(
                CAST(ROUND(
                  CASE
                    WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END IS NOT NULL
                    THEN GREATEST(
                      LEAST(
                        CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END,
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
                    WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END IS NOT NULL
                    THEN GREATEST(
                      LEAST(
                        CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END,
                        4398046511104.0
                      ),
                      -4398046511104.0
                    )
                    ELSE CAST(NULL AS DOUBLE)
                  END * 1048576.0,
                  0
                ) AS BIGINT) * CAST(ROUND(
                  CASE
                    WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END IS NOT NULL
                    THEN GREATEST(
                      LEAST(
                        CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END,
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
                    WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END IS NOT NULL
                    THEN GREATEST(
                      LEAST(
                        CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END,
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
                    WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END IS NOT NULL
                    THEN GREATEST(
                      LEAST(
                        CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END,
                        4398046511104.0
                      ),
                      -4398046511104.0
                    )
                    ELSE CAST(NULL AS DOUBLE)
                  END * 1048576.0,
                  0
                ) AS BIGINT)
              )
            ) AS DOUBLE) / NULLIF(
              SQRT(
                CAST((
                  COUNT(
                    CAST(ROUND(
                      CASE
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END,
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
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END,
                            4398046511104.0
                          ),
                          -4398046511104.0
                        )
                        ELSE CAST(NULL AS DOUBLE)
                      END * 1048576.0,
                      0
                    ) AS BIGINT) * CAST(ROUND(
                      CASE
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END,
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
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END,
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
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap" ELSE NULL END,
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
              ) * SQRT(
                CAST((
                  COUNT(
                    CAST(ROUND(
                      CASE
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END,
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
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END,
                            4398046511104.0
                          ),
                          -4398046511104.0
                        )
                        ELSE CAST(NULL AS DOUBLE)
                      END * 1048576.0,
                      0
                    ) AS BIGINT) * CAST(ROUND(
                      CASE
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END,
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
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END,
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
                        WHEN CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END IS NOT NULL
                        THEN GREATEST(
                          LEAST(
                            CASE WHEN "t0"."gap_before_s" IS NOT NULL THEN "t0"."log_gap_before" ELSE NULL END,
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
              ),
              0
            ),
            6
          ) AS DOUBLE),
          0.0
        ),
        1.0
      ),
      -1.0
    )
    ELSE CAST(NULL AS DOUBLE)
  END AS "gap_memory"
FROM "view_gaps" AS "t0"
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
        WHEN ISNAN("t5"."gap_memory") OR ISINF("t5"."gap_memory")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."gap_memory"
      END
    ) AS "gap_memory"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account_id" AS "account_id_gaps",
      "t1"."gap_memory"
    FROM "group_gaps" AS "t1"
  ) AS "t5"
    ON "t4"."account_id" = "t5"."account_id_gaps"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
