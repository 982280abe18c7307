-- title: Languages
-- asks: Data team and legal: in which languages are the kept pages, by what they declare themselves?
-- column language: primary subtag of the first language named; unknown where none is
-- column pages: pages kept
-- column bytes_retained: octets of their bodies
SELECT coalesce(nullif(regexp_extract(content_languages, '^[a-z]{2,3}\b'), ''), 'unknown') AS language,
    count(*) AS pages, sum(bytes_retained)::BIGINT AS bytes_retained
FROM manifest WHERE verdict = 'allow' AND modality = 'text' AND bytes_retained > 0
GROUP BY ALL ORDER BY pages DESC, language
