-- title: Summary: size by origin and modality
-- asks: Legal (Article 53(1)(d), 1.3, 2.1, 2.3): how much was kept, from where, of what kind?
-- column origin: own_crawl, public_dataset and so on
-- column dataset_id: data set of others
-- column modality: as the manifest has it; a document is text to the form
-- column pages: kept, redirects apart
-- column bytes_fetched: octets that left the servers
-- column bytes_retained: octets of their bodies in the WARC
-- column tokens: sum of the column tokens
-- column with_tokens: pages that have one
-- column tokenizers: tokenizers that counted
-- column images: images of pages
-- column duration_s: seconds of audio and video
-- column with_duration: pages that have one
-- column last_kept: when the last page was fetched
SELECT coalesce(origin, 'own_crawl') AS origin, dataset_id, coalesce(modality, 'other') AS modality, count(*) AS pages,
    coalesce(sum(bytes_fetched), 0)::BIGINT AS bytes_fetched,
    coalesce(sum(bytes_retained), 0)::BIGINT AS bytes_retained,
    coalesce(sum(tokens), 0)::BIGINT AS tokens, count(tokens) AS with_tokens,
    list_sort(list(DISTINCT tokenizer_id) FILTER (tokenizer_id IS NOT NULL)) AS tokenizers,
    coalesce(sum(image_count), 0)::BIGINT AS images, coalesce(sum(duration_s), 0)::DOUBLE AS duration_s,
    count(duration_s) AS with_duration, max(fetch_time) AS last_kept
FROM manifest
WHERE verdict = 'allow' AND reason IS DISTINCT FROM 'redirect' AND erased_at IS NULL
GROUP BY ALL ORDER BY origin, dataset_id, modality
