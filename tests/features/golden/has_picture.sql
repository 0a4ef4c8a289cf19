-- group: group_profile
SELECT
  "t0"."account_id",
  CAST(CAST("t0"."has_avatar" AS BIGINT) AS DOUBLE) AS "has_picture"
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
        WHEN ISNAN("t5"."has_picture") OR ISINF("t5"."has_picture")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."has_picture"
      END
    ) AS "has_picture"
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
      "t1"."has_picture"
    FROM "group_profile" AS "t1"
  ) AS "t5"
    ON "t4"."account_id" = "t5"."account_id_profile"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
