-- title: Summary: declared as made by machines
-- asks: Legal (Article 53(1)(d), 2.5): how many kept pages say that a machine made them?
-- column declared: true: a machine made it or a part; false: people did; null: nothing is said
-- column pages: kept pages
SELECT ai_generated_flag AS declared, count(*) AS pages
FROM manifest
WHERE verdict = 'allow' AND reason IS DISTINCT FROM 'redirect' AND erased_at IS NULL
    AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY ALL ORDER BY declared
