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

-- view: view_texts
SELECT
  "t5"."account_id",
  "t5"."post_id",
  "t5"."at_s",
  "t5"."lines",
  "t5"."body",
  "t5"."spoken",
  "t5"."urls",
  "t5"."mentions",
  "t5"."digits",
  COALESCE("t5"."kind" = 'repost', REGEXP_MATCHES("t5"."text", '^RT @'), FALSE) AS "is_repost",
  COALESCE("t5"."kind" = 'reply', REGEXP_MATCHES("t5"."text", '^@'), FALSE) AS "is_reply",
  LENGTH("t5"."text") AS "length",
  CASE
    WHEN NOT (
      CONTAINS("t5"."body", '#')
    )
    THEN 0
    ELSE LENGTH(REGEXP_REPLACE("t5"."body", '#[\p{L}\p{N}_]+', '', 'g')) - LENGTH(REPLACE(REGEXP_REPLACE("t5"."body", '#[\p{L}\p{N}_]+', '', 'g'), '', ''))
  END AS "hashtags",
  CASE
    WHEN REGEXP_MATCHES("t5"."body", '[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}]')
    THEN LENGTH(REGEXP_REPLACE("t5"."body", '[\x{FE0F}\x{200D}\x{1F3FB}-\x{1F3FF}]', '', 'g')) - LENGTH(
      REGEXP_REPLACE(
        REGEXP_REPLACE("t5"."body", '[\x{FE0F}\x{200D}\x{1F3FB}-\x{1F3FF}]', '', 'g'),
        '(?:[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}])+',
        '',
        'g'
      )
    )
    ELSE 0
  END AS "emoji",
  LENGTH("t5"."body") - LENGTH(REGEXP_REPLACE("t5"."body", '(?:\p{Lu})+', '', 'g')) AS "capitals",
  (
    LENGTH(REPLACE("t5"."spoken", ' ', '')) - "t5"."digits"
  ) - (
    LENGTH(REPLACE("t5"."spoken", ' ', '')) - LENGTH(REPLACE(REPLACE("t5"."spoken", ' ', ''), '''', ''))
  ) AS "letters",
  LENGTH("t5"."body") - LENGTH(REGEXP_REPLACE("t5"."body", '(?:\p{P})+', '', 'g')) AS "punctuation",
  (
    LENGTH("t5"."spoken") - LENGTH(REPLACE("t5"."spoken", ' ', ''))
  ) + CASE WHEN "t5"."spoken" = '' THEN 0 ELSE 1 END AS "words",
  MD5(
    CASE
      WHEN "t5"."digits" > 0
      THEN REGEXP_REPLACE(REPLACE("t5"."spoken", ' ', ''), '\p{N}+', '', 'g')
      ELSE REPLACE("t5"."spoken", ' ', '')
    END
  ) AS "skeleton",
  REGEXP_EXTRACT("t5"."spoken", '^\S+ \S+') AS "opening"
FROM (
  SELECT
    "t4"."post_id",
    "t4"."account_id",
    "t4"."kind",
    "t4"."text",
    "t4"."likes_count",
    "t4"."comments_count",
    "t4"."reposts_count",
    "t4"."views_count",
    "t4"."at_s",
    "t4"."as_of_s",
    "t4"."lines",
    "t4"."marked",
    "t4"."urls",
    "t4"."named",
    "t4"."mentions",
    "t4"."body",
    CASE
      WHEN NOT (
        STARTS_WITH(
          REGEXP_REPLACE(REGEXP_REPLACE(LOWER("t4"."body"), '[^\p{L}\p{N}'' ]+', ' ', 'g'), ' {2,}', ' ', 'g'),
          ' '
        )
        OR SUFFIX(
          REGEXP_REPLACE(REGEXP_REPLACE(LOWER("t4"."body"), '[^\p{L}\p{N}'' ]+', ' ', 'g'), ' {2,}', ' ', 'g'),
          ' '
        )
      )
      THEN REGEXP_REPLACE(REGEXP_REPLACE(LOWER("t4"."body"), '[^\p{L}\p{N}'' ]+', ' ', 'g'), ' {2,}', ' ', 'g')
      ELSE TRIM(
        REGEXP_REPLACE(REGEXP_REPLACE(LOWER("t4"."body"), '[^\p{L}\p{N}'' ]+', ' ', 'g'), ' {2,}', ' ', 'g'),
        ' 	
'
      )
    END AS "spoken",
    LENGTH("t4"."body") - LENGTH(REGEXP_REPLACE("t4"."body", '(?:\p{N})+', '', 'g')) AS "digits"
  FROM (
    SELECT
      "t3"."post_id",
      "t3"."account_id",
      "t3"."kind",
      "t3"."text",
      "t3"."likes_count",
      "t3"."comments_count",
      "t3"."reposts_count",
      "t3"."views_count",
      "t3"."at_s",
      "t3"."as_of_s",
      "t3"."lines",
      "t3"."marked",
      "t3"."urls",
      "t3"."named",
      LENGTH("t3"."named") - LENGTH(REPLACE("t3"."named", '', '')) AS "mentions",
      CASE
        WHEN NOT (
          STARTS_WITH(REPLACE("t3"."named", '', ''), ' ')
          OR SUFFIX(REPLACE("t3"."named", '', ''), ' ')
        )
        THEN REPLACE("t3"."named", '', '')
        ELSE TRIM(REPLACE("t3"."named", '', ''), ' 	
')
      END AS "body"
    FROM (
      SELECT
        "t2"."post_id",
        "t2"."account_id",
        "t2"."kind",
        "t2"."text",
        "t2"."likes_count",
        "t2"."comments_count",
        "t2"."reposts_count",
        "t2"."views_count",
        "t2"."at_s",
        "t2"."as_of_s",
        "t2"."lines",
        "t2"."marked",
        LENGTH("t2"."marked") - LENGTH(REPLACE("t2"."marked", '', '')) AS "urls",
        CASE
          WHEN NOT (
            CONTAINS(REPLACE("t2"."marked", '', ''), '@')
          )
          THEN REPLACE("t2"."marked", '', '')
          ELSE REGEXP_REPLACE(REPLACE("t2"."marked", '', ''), '(?:^RT )?@[\p{L}\p{N}_]+:?', '', 'g')
        END AS "named"
      FROM (
        SELECT
          "t1"."post_id",
          "t1"."account_id",
          "t1"."kind",
          "t1"."text",
          "t1"."likes_count",
          "t1"."comments_count",
          "t1"."reposts_count",
          "t1"."views_count",
          "t1"."at_s",
          "t1"."as_of_s",
          "t1"."lines",
          CASE
            WHEN NOT (
              CONTAINS("t1"."text", '://')
              OR CONTAINS("t1"."text", 'w.')
              OR CONTAINS("t1"."text", 'W.')
            )
            THEN "t1"."text"
            ELSE REGEXP_REPLACE("t1"."text", '(?i)https?://\S+|www\.\S+', '', 'g')
          END AS "marked"
        FROM (
          SELECT
            "t0"."post_id",
            "t0"."account_id",
            "t0"."kind",
            REGEXP_REPLACE(
              SUBSTRING(
                "t0"."text",
                CASE WHEN (
                  0 + 1
                ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t0"."text") END,
                4000
              ),
              '[\x00-\x1f\x7f]+',
              ' ',
              'g'
            ) AS "text",
            "t0"."likes_count",
            "t0"."comments_count",
            "t0"."reposts_count",
            "t0"."views_count",
            "t0"."at_s",
            "t0"."as_of_s",
            CASE
              WHEN NOT (
                CONTAINS("t0"."text", '
')
              )
              THEN 0
              ELSE LENGTH(
                REGEXP_REPLACE(
                  TRIM(
                    SUBSTRING(
                      "t0"."text",
                      CASE WHEN (
                        0 + 1
                      ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t0"."text") END,
                      4000
                    ),
                    ' 	
'
                  ),
                  '\s*\n\s*',
                  '',
                  'g'
                )
              ) - LENGTH(
                REPLACE(
                  REGEXP_REPLACE(
                    TRIM(
                      SUBSTRING(
                        "t0"."text",
                        CASE WHEN (
                          0 + 1
                        ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t0"."text") END,
                        4000
                      ),
                      ' 	
'
                    ),
                    '\s*\n\s*',
                    '',
                    'g'
                  ),
                  '',
                  ''
                )
              )
            END AS "lines"
          FROM "view_past_posts" AS "t0"
          WHERE
            NOT (
              NOT (
                REGEXP_MATCHES(
                  SUBSTRING(
                    "t0"."text",
                    CASE WHEN (
                      0 + 1
                    ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t0"."text") END,
                    4000
                  ),
                  '[^\x00-\x20\x7f]'
                )
              )
            )
        ) AS "t1"
      ) AS "t2"
    ) AS "t3"
  ) AS "t4"
) AS "t5";

-- group: group_texts
SELECT
  "t0"."account_id",
  CASE WHEN COUNT(*) >= 1 THEN AVG("t0"."emoji") ELSE CAST(NULL AS DOUBLE) END AS "emoji_per_post"
FROM "view_texts" AS "t0"
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
        WHEN ISNAN("t5"."emoji_per_post") OR ISINF("t5"."emoji_per_post")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."emoji_per_post"
      END
    ) AS "emoji_per_post"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account_id" AS "account_id_texts",
      "t1"."emoji_per_post"
    FROM "group_texts" AS "t1"
  ) AS "t5"
    ON "t4"."account_id" = "t5"."account_id_texts"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
