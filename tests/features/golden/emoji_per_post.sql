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
  "t3"."account_id",
  "t3"."post_id",
  "t3"."at_s",
  "t3"."lines",
  "t3"."body",
  "t3"."spoken",
  "t3"."urls",
  "t3"."mentions",
  "t3"."digits",
  COALESCE("t3"."kind" = 'repost', REGEXP_MATCHES("t3"."text", '^RT @'), FALSE) AS "is_repost",
  COALESCE("t3"."kind" = 'reply', REGEXP_MATCHES("t3"."text", '^@'), FALSE) AS "is_reply",
  LENGTH("t3"."text") AS "length",
  LENGTH(REGEXP_REPLACE("t3"."body", '#[\p{L}\p{N}_]+', '', 'g')) - LENGTH(REPLACE(REGEXP_REPLACE("t3"."body", '#[\p{L}\p{N}_]+', '', 'g'), '', '')) AS "hashtags",
  LENGTH(REGEXP_REPLACE("t3"."body", '[\x{FE0F}\x{200D}\x{1F3FB}-\x{1F3FF}]', '', 'g')) - LENGTH(
    REGEXP_REPLACE(
      REGEXP_REPLACE("t3"."body", '[\x{FE0F}\x{200D}\x{1F3FB}-\x{1F3FF}]', '', 'g'),
      '(?:[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}])+',
      '',
      'g'
    )
  ) AS "emoji",
  LENGTH("t3"."body") - LENGTH(REGEXP_REPLACE("t3"."body", '(?:\p{Lu})+', '', 'g')) AS "capitals",
  (
    LENGTH(REPLACE("t3"."spoken", ' ', '')) - "t3"."digits"
  ) - (
    LENGTH(REPLACE("t3"."spoken", ' ', '')) - LENGTH(REGEXP_REPLACE(REPLACE("t3"."spoken", ' ', ''), '(?:'')+', '', 'g'))
  ) AS "letters",
  LENGTH("t3"."body") - LENGTH(REGEXP_REPLACE("t3"."body", '(?:\p{P})+', '', 'g')) AS "punctuation",
  (
    LENGTH("t3"."spoken") - LENGTH(REPLACE("t3"."spoken", ' ', ''))
  ) + CASE WHEN "t3"."spoken" = '' THEN 0 ELSE 1 END AS "words",
  MD5(REGEXP_REPLACE(REPLACE("t3"."spoken", ' ', ''), '\p{N}+', '', 'g')) AS "skeleton",
  REGEXP_EXTRACT("t3"."spoken", '^\S+ \S+') AS "opening"
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
    "t2"."urls",
    "t2"."named",
    LENGTH("t2"."named") - LENGTH(REPLACE("t2"."named", '', '')) AS "mentions",
    TRIM(REPLACE("t2"."named", '', ''), ' 	
') AS "body",
    TRIM(
      REGEXP_REPLACE(
        LOWER(TRIM(REPLACE("t2"."named", '', ''), ' 	
')),
        '[^\p{L}\p{N}'']+',
        ' ',
        'g'
      ),
      ' 	
'
    ) AS "spoken",
    LENGTH(TRIM(REPLACE("t2"."named", '', ''), ' 	
')) - LENGTH(
      REGEXP_REPLACE(TRIM(REPLACE("t2"."named", '', ''), ' 	
'), '(?:\p{N})+', '', 'g')
    ) AS "digits"
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
      "t1"."marked",
      LENGTH("t1"."marked") - LENGTH(REPLACE("t1"."marked", '', '')) AS "urls",
      REGEXP_REPLACE(REPLACE("t1"."marked", '', ''), '(?:^RT )?@[\p{L}\p{N}_]+:?', '', 'g') AS "named"
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
        LENGTH(
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
        ) AS "lines",
        REGEXP_REPLACE(
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
          ),
          '(?i)https?://\S+|www\.\S+',
          '',
          'g'
        ) AS "marked"
      FROM "view_past_posts" AS "t0"
      WHERE
        NULLIF(
          TRIM(
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
            ),
            ' 	
'
          ),
          ''
        ) IS NOT NULL
    ) AS "t1"
  ) AS "t2"
) AS "t3";

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
