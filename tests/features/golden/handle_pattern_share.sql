-- reference: reference_handle_patterns
WITH "t3" AS (
  SELECT
    "t0"."account_id",
    "t0"."fold"
  FROM "verdicts" AS "t0"
  WHERE
    "t0"."fold" IS NOT NULL
), "t16" AS (
  SELECT
    "t15"."fold",
    "t15"."handle_pattern",
    COUNT(*) AS "n"
  FROM (
    SELECT
      "t14"."account_id",
      "t14"."handle",
      "t14"."name",
      "t14"."bio",
      "t14"."handle_pattern",
      "t14"."handle_core",
      "t14"."name_core",
      "t6"."fold"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t8"."account_id",
          "t8"."handle",
          "t8"."name",
          "t8"."bio",
          REGEXP_REPLACE(
            REGEXP_REPLACE(REGEXP_REPLACE("t8"."handle", '\p{Lu}+', 'A', 'g'), '[\p{Ll}\p{Lo}]+', 'a', 'g'),
            '\p{N}',
            '9',
            'g'
          ) AS "handle_pattern",
          LOWER(REGEXP_REPLACE("t8"."handle", '[^\p{L}\p{N}]', '', 'g')) AS "handle_core",
          LOWER(REGEXP_REPLACE("t8"."name", '[^\p{L}\p{N}]', '', 'g')) AS "name_core"
        FROM (
          SELECT
            "t1"."account_id",
            NULLIF(
              TRIM(
                REGEXP_REPLACE(
                  SUBSTRING(
                    "t1"."username",
                    CASE WHEN (
                      0 + 1
                    ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t1"."username") END,
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
                    "t1"."display_name",
                    CASE WHEN (
                      0 + 1
                    ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t1"."display_name") END,
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
                "t1"."description",
                CASE WHEN (
                  0 + 1
                ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t1"."description") END,
                2000
              ),
              '[\x00-\x1f\x7f]+',
              ' ',
              'g'
            ) AS "bio"
          FROM "accounts" AS "t1"
        ) AS "t8"
      ) AS "t12"
      WHERE
        "t12"."handle_pattern" IS NOT NULL
    ) AS "t14"
    INNER JOIN "t3" AS "t6"
      ON "t14"."account_id" = "t6"."account_id"
  ) AS "t15"
  GROUP BY
    1,
    2
), "t23" AS (
  SELECT
    "t22"."held_out",
    SUM("t22"."n") AS "n_all"
  FROM (
    SELECT
      "t11"."held_out",
      "t21"."handle_pattern",
      "t21"."n" - COALESCE("t20"."own_n", 0) AS "n"
    FROM (
      SELECT
        "t17"."handle_pattern",
        SUM("t17"."n") AS "n"
      FROM "t16" AS "t17"
      GROUP BY
        1
    ) AS "t21"
    CROSS JOIN (
      SELECT
        *
      FROM (
        SELECT DISTINCT
          "t0"."fold" AS "held_out"
        FROM "verdicts" AS "t0"
        WHERE
          "t0"."fold" IS NOT NULL
      ) AS "t2"
      UNION
      SELECT
        *
      FROM (
        SELECT
          UNNEST(CAST(CAST([-1] AS TINYINT[]) AS BIGINT[])) AS "held_out"
        FROM (
          SELECT
            1 AS "one"
          FROM (
            SELECT
              *
            FROM "t3" AS "t4"
            LIMIT 1
          ) AS "t5"
        ) AS "t7"
      ) AS "t9"
    ) AS "t11"
    LEFT OUTER JOIN (
      SELECT
        "t17"."fold" AS "own_fold",
        "t17"."handle_pattern" AS "own_handle_pattern",
        "t17"."n" AS "own_n"
      FROM "t16" AS "t17"
    ) AS "t20"
      ON "t11"."held_out" = "t20"."own_fold"
      AND "t21"."handle_pattern" = "t20"."own_handle_pattern"
  ) AS "t22"
  GROUP BY
    1
)
SELECT
  *
FROM (
  SELECT
    "t27"."held_out",
    "t27"."handle_pattern",
    CAST("t27"."n" AS DOUBLE) / NULLIF(CAST("t27"."n_all" AS DOUBLE), 0) AS "share"
  FROM (
    SELECT
      "t11"."held_out",
      "t21"."handle_pattern",
      "t21"."n" - COALESCE("t20"."own_n", 0) AS "n",
      "t25"."n_all"
    FROM (
      SELECT
        "t17"."handle_pattern",
        SUM("t17"."n") AS "n"
      FROM "t16" AS "t17"
      GROUP BY
        1
    ) AS "t21"
    CROSS JOIN (
      SELECT
        *
      FROM (
        SELECT DISTINCT
          "t0"."fold" AS "held_out"
        FROM "verdicts" AS "t0"
        WHERE
          "t0"."fold" IS NOT NULL
      ) AS "t2"
      UNION
      SELECT
        *
      FROM (
        SELECT
          UNNEST(CAST(CAST([-1] AS TINYINT[]) AS BIGINT[])) AS "held_out"
        FROM (
          SELECT
            1 AS "one"
          FROM (
            SELECT
              *
            FROM "t3" AS "t4"
            LIMIT 1
          ) AS "t5"
        ) AS "t7"
      ) AS "t9"
    ) AS "t11"
    LEFT OUTER JOIN (
      SELECT
        "t17"."fold" AS "own_fold",
        "t17"."handle_pattern" AS "own_handle_pattern",
        "t17"."n" AS "own_n"
      FROM "t16" AS "t17"
    ) AS "t20"
      ON "t11"."held_out" = "t20"."own_fold"
      AND "t21"."handle_pattern" = "t20"."own_handle_pattern"
    INNER JOIN "t23" AS "t25"
      ON "t11"."held_out" = "t25"."held_out"
  ) AS "t27"
  WHERE
    "t27"."n" >= 2
) AS "t28"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t24"."held_out",
    '' AS "handle_pattern",
    CAST("t24"."n_all" AS DOUBLE) AS "share"
  FROM "t23" AS "t24"
) AS "t26";

-- group: group_patterned_names
SELECT
  "t16"."account_id",
  CASE
    WHEN (
      "t16"."handle_pattern" IS NOT NULL
    ) AND (
      "t16"."n_all" > 0
    )
    THEN COALESCE("t16"."share", 0.0)
    ELSE NULL
  END AS "handle_pattern_share"
FROM (
  SELECT
    "t15".*
    EXCLUDE ("right_held_out")
  FROM (
    SELECT
      "t14"."account_id",
      "t14"."handle",
      "t14"."name",
      "t14"."bio",
      "t14"."handle_pattern",
      "t14"."handle_core",
      "t14"."name_core",
      "t14"."held_out",
      "t14"."share",
      "t7"."right_held_out",
      "t7"."n_all"
    FROM (
      SELECT
        "t12".*
        EXCLUDE ("right_handle_pattern", "right_held_out")
      FROM (
        SELECT
          "t11"."account_id",
          "t11"."handle",
          "t11"."name",
          "t11"."bio",
          "t11"."handle_pattern",
          "t11"."handle_core",
          "t11"."name_core",
          "t8"."held_out",
          "t5"."right_held_out",
          "t5"."right_handle_pattern",
          "t5"."share"
        FROM (
          SELECT
            "t9"."account_id",
            "t9"."handle",
            "t9"."name",
            "t9"."bio",
            REGEXP_REPLACE(
              REGEXP_REPLACE(REGEXP_REPLACE("t9"."handle", '\p{Lu}+', 'A', 'g'), '[\p{Ll}\p{Lo}]+', 'a', 'g'),
              '\p{N}',
              '9',
              'g'
            ) AS "handle_pattern",
            LOWER(REGEXP_REPLACE("t9"."handle", '[^\p{L}\p{N}]', '', 'g')) AS "handle_core",
            LOWER(REGEXP_REPLACE("t9"."name", '[^\p{L}\p{N}]', '', 'g')) AS "name_core"
          FROM (
            SELECT
              "t1"."account_id",
              NULLIF(
                TRIM(
                  REGEXP_REPLACE(
                    SUBSTRING(
                      "t1"."username",
                      CASE WHEN (
                        0 + 1
                      ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t1"."username") END,
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
                      "t1"."display_name",
                      CASE WHEN (
                        0 + 1
                      ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t1"."display_name") END,
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
                  "t1"."description",
                  CASE WHEN (
                    0 + 1
                  ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t1"."description") END,
                  2000
                ),
                '[\x00-\x1f\x7f]+',
                ' ',
                'g'
              ) AS "bio"
            FROM "accounts" AS "t1"
          ) AS "t9"
        ) AS "t11"
        INNER JOIN (
          SELECT
            "t2"."account_id",
            COALESCE("t2"."fold", -1) AS "held_out"
          FROM "verdicts" AS "t2"
        ) AS "t8"
          ON "t11"."account_id" = "t8"."account_id"
        LEFT OUTER JOIN (
          SELECT
            "t0"."held_out" AS "right_held_out",
            "t0"."handle_pattern" AS "right_handle_pattern",
            "t0"."share"
          FROM "reference_handle_patterns" AS "t0"
        ) AS "t5"
          ON "t8"."held_out" = "t5"."right_held_out"
          AND "t11"."handle_pattern" = "t5"."right_handle_pattern"
      ) AS "t12"
    ) AS "t14"
    LEFT OUTER JOIN (
      SELECT
        "t0"."held_out" AS "right_held_out",
        "t0"."share" AS "n_all"
      FROM "reference_handle_patterns" AS "t0"
      WHERE
        "t0"."handle_pattern" = ''
    ) AS "t7"
      ON "t14"."held_out" = "t7"."right_held_out"
  ) AS "t15"
) AS "t16";

-- result: one row per verdict
SELECT
  *
FROM (
  SELECT
    "t4"."account_id",
    "t4"."as_of",
    COALESCE(
      CASE
        WHEN ISNAN("t5"."handle_pattern_share") OR ISINF("t5"."handle_pattern_share")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."handle_pattern_share"
      END
    ) AS "handle_pattern_share"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account_id" AS "account_id_patterned_names",
      "t1"."handle_pattern_share"
    FROM "group_patterned_names" AS "t1"
  ) AS "t5"
    ON "t4"."account_id" = "t5"."account_id_patterned_names"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
