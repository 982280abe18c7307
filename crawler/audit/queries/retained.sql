-- title: What is retained
-- asks: Data team and legal: which octets are kept, of what type?
-- column type: media type as declared
-- column detected: media type by the first octets
-- column records: URLs kept with a body
-- column bytes_retained: octets
SELECT coalesce(content_mime_type, 'none') AS type, coalesce(content_mime_detected, 'none') AS detected,
    count(*) AS records, sum(bytes_retained)::BIGINT AS bytes_retained
FROM manifest WHERE bytes_retained > 0 GROUP BY ALL ORDER BY bytes_retained DESC, type, detected
