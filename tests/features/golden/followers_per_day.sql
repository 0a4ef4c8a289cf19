-- group: group_profile
SELECT
  "t0"."account_id",
  CAST(CASE WHEN "t0"."followers_count" >= 0 THEN "t0"."followers_count" ELSE NULL END AS DOUBLE) / NULLIF(
    CASE
      WHEN (
        CAST(CAST(FLOOR(CAST(EPOCH(CAST("t0"."observed_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) - CAST(FLOOR(CAST(EPOCH(CAST("t0"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) AS DOUBLE) / 86400
      ) >= 0
      THEN GREATEST(
        CAST(CAST(FLOOR(CAST(EPOCH(CAST("t0"."observed_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) - CAST(FLOOR(CAST(EPOCH(CAST("t0"."created_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) AS DOUBLE) / 86400,
        1.0
      )
      ELSE NULL
    END,
    0
  ) AS "followers_per_day"
FROM "accounts" AS "t0";

-- result: one row per verdict
SELECT
  *
FROM (
  SELECT
    "t4"."account_id",
    "t4"."as_of",
    COALESCE(
      CASE
        WHEN ISNAN("t5"."followers_per_day") OR ISINF("t5"."followers_per_day")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."followers_per_day"
      END
    ) AS "followers_per_day"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account_id" AS "account_id_profile",
      "t1"."followers_per_day"
    FROM "group_profile" AS "t1"
  ) AS "t5"
    ON "t4"."account_id" = "t5"."account_id_profile"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
