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

-- view: view_moments
SELECT
  "t3"."moment",
  "t3"."read_at",
  CAST(FLOOR(CAST(EPOCH(CAST("t3"."read_at" AS TIMESTAMP)) AS DOUBLE)) AS BIGINT) AS "read_at_s"
FROM (
  SELECT
    "t2"."moment",
    MIN("t2"."as_of") AS "read_at"
  FROM (
    SELECT
      "t1"."as_of",
      CAST(NTILE(8) OVER (
        ORDER BY "t1"."as_of" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) - 1 AS INT) AS "moment"
    FROM (
      SELECT DISTINCT
        "t0"."as_of"
      FROM "verdicts" AS "t0"
    ) AS "t1"
  ) AS "t2"
  GROUP BY
    1
) AS "t3";

-- view: view_colikes
SELECT
  "t5"."moment",
  "t5"."post",
  "t5"."actor",
  "t5"."at_s",
  COALESCE("t5"."author", -1 - "t5"."post") AS "target",
  CAST((
    (
      (
        (
          (
            (
              "t5"."first_s" % 2147483647
            ) + 2147483647
          ) % 2147483647
        ) * 48271
      ) % 2147483647
    ) * 16807
  ) % 2147483647 AS DOUBLE) / 2147483647 AS "draw"
FROM (
  SELECT
    "t4"."post",
    "t4"."actor",
    "t4"."author",
    "t4"."at_s",
    "t4"."delay_s",
    "t4"."received",
    "t4"."first_s",
    "t4"."nth",
    "t4"."gap_s",
    "t4"."near",
    "t2"."moment",
    "t2"."read_at",
    "t2"."read_at_s"
  FROM (
    SELECT
      *
    FROM "view_likes" AS "t0"
    WHERE
      "t0"."nth" < 50
  ) AS "t4"
  CROSS JOIN "view_moments" AS "t2"
) AS "t5"
WHERE
  "t5"."at_s" < "t5"."read_at_s"
  AND "t5"."at_s" >= (
    "t5"."read_at_s" - 7776000
  );

-- view: view_firm_ties
SELECT
  "t2"."moment",
  "t2"."actor",
  "t2"."target"
FROM (
  SELECT
    "t1"."moment",
    "t1"."actor",
    "t1"."target",
    COUNT(*) AS "n"
  FROM (
    SELECT
      *
    FROM "view_colikes" AS "t0"
    WHERE
      "t0"."target" >= 0
  ) AS "t1"
  GROUP BY
    1,
    2,
    3
) AS "t2"
WHERE
  "t2"."n" >= 2;

-- view: view_reading
SELECT
  "t3"."account",
  "t5"."moment"
FROM (
  SELECT
    "t0"."account",
    "t0"."as_of"
  FROM "verdicts" AS "t0"
) AS "t3"
INNER JOIN (
  SELECT
    "t2"."as_of",
    CAST(NTILE(8) OVER (
      ORDER BY "t2"."as_of" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) - 1 AS INT) AS "moment"
  FROM (
    SELECT DISTINCT
      "t0"."as_of"
    FROM "verdicts" AS "t0"
  ) AS "t2"
) AS "t5"
  ON "t3"."as_of" = "t5"."as_of";

-- graph: graph_blocks
SELECT
  *
FROM "view_firm_ties";

-- group: group_acting_block
SELECT
  "t10"."account",
  COALESCE("t10"."density", 0.0) AS "block_density"
FROM (
  SELECT
    "t6"."moment",
    "t6"."account",
    "t9"."right_moment",
    "t9"."right_account",
    "t9"."density"
  FROM (
    SELECT DISTINCT
      "t0"."moment",
      "t0"."actor" AS "account"
    FROM "view_firm_ties" AS "t0"
  ) AS "t6"
  INNER JOIN "view_reading" AS "t3"
    ON "t6"."moment" = "t3"."moment" AND "t6"."account" = "t3"."account"
  LEFT OUTER JOIN (
    SELECT
      "t7"."moment" AS "right_moment",
      "t7"."account" AS "right_account",
      "t7"."density"
    FROM (
      SELECT
        "t5"."moment",
        "t5"."account",
        MAX("t5"."density") AS "density"
      FROM (
        SELECT
          *
        FROM "graph_blocks" AS "t2"
        WHERE
          "t2"."acts"
      ) AS "t5"
      GROUP BY
        1,
        2
    ) AS "t7"
  ) AS "t9"
    ON "t6"."moment" = "t9"."right_moment" AND "t6"."account" = "t9"."right_account"
) AS "t10";

-- result: one row per verdict
SELECT
  *
FROM (
  SELECT
    "t4"."account_id",
    "t4"."as_of",
    COALESCE(
      CASE
        WHEN ISNAN("t5"."block_density") OR ISINF("t5"."block_density")
        THEN CAST(NULL AS DOUBLE)
        ELSE "t5"."block_density"
      END
    ) AS "block_density"
  FROM (
    SELECT
      "t0"."account_id",
      "t0"."as_of",
      "t0"."account"
    FROM "verdicts" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."account" AS "account_acting_block",
      "t1"."block_density"
    FROM "group_acting_block" AS "t1"
  ) AS "t5"
    ON "t4"."account" = "t5"."account_acting_block"
) AS "t6"
ORDER BY
  "t6"."account_id" ASC;
