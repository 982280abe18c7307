-- title: Modalities
-- asks: Data team and legal: what kinds of content were kept?
-- column modality: text, image, audio, video, document, other
-- column urls: URLs with an answer of that kind
-- column taken: of these, how many were taken
-- column bytes_retained: octets kept
SELECT coalesce(modality, 'unknown') AS modality, count(*) AS urls, count(*) FILTER (verdict = 'allow') AS taken,
    sum(bytes_retained)::BIGINT AS bytes_retained
FROM manifest WHERE fetch_status IS NOT NULL GROUP BY ALL ORDER BY bytes_retained DESC, modality
