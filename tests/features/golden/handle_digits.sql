-- group: group_names
SELECT
  "t1"."account_id",
  CAST(LENGTH("t1"."handle") - LENGTH(REGEXP_REPLACE("t1"."handle", '(?:\p{Nd})+', '', 'g')) AS DOUBLE) AS "handle_digits"
FROM (
  SELECT
    "t0"."account_id",
    NULLIF(
      TRIM(
        REGEXP_REPLACE(
          SUBSTRING(
            "t0"."username",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t0"."username") END,
            100
          ),
          '[\x00-\x1f\x7f]+',
          ' ',
          'g'
        ),
        ' 	
'
      ),
      ''
    ) AS "handle",
    NULLIF(
      TRIM(
        REGEXP_REPLACE(
          SUBSTRING(
            "t0"."display_name",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t0"."display_name") END,
            100
          ),
          '[\x00-\x1f\x7f]+',
          ' ',
          'g'
        ),
        ' 	
'
      ),
      ''
    ) AS "name",
    REGEXP_REPLACE(
      SUBSTRING(
        "t0"."description",
        CASE WHEN (
          0 + 1
        ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t0"."description") END,
        2000
      ),
      '[\x00-\x1f\x7f]+',
      ' ',
      'g'
    ) AS "bio"
  FROM "accounts" AS "t0"
) AS "t1";

-- result: one row per verdict
SELECT
  *
FROM (
  SELECT
    "t4"."account_id",
    "t4"."as_of",
    COALESCE(
      CASE
        WHEN ISNAN("t5"."handle_digits") OR ISINF("t5"."handle_digits")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."handle_digits"
      END
    ) AS "handle_digits"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account_id" AS "account_id_names",
      "t1"."handle_digits"
    FROM "group_names" AS "t1"
  ) AS "t5"
    ON "t4"."account_id" = "t5"."account_id_names"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
