-- title: Outcomes of robots.txt
-- asks: Auditors: what came of asking for robots.txt, by authority?
-- column outcome: code of the last outcome that a row rests on (docs/reasons.md)
-- column authorities: scheme, host and port taken together
-- column urls: URLs decided under it
-- column disallowed: of these, how many robots.txt closes
SELECT outcome, count(*) AS authorities, sum(urls)::BIGINT AS urls, sum(disallowed)::BIGINT AS disallowed
FROM (
    SELECT regexp_extract(url, '^[^/]*//[^/?#]*') AS authority, arg_max(robots_status, decided_at) AS outcome,
        count(*) AS urls, count(*) FILTER (reason = 'robots_disallow') AS disallowed
    FROM manifest WHERE robots_status IS NOT NULL GROUP BY authority
)
GROUP BY outcome ORDER BY authorities DESC, outcome
