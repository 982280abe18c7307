"""Product tokens of crawlers that train models, as dated data (class T of opt-outs.md section 4, PC-3, PC-13, PC-21).

Search and user-triggered agents are left out on purpose: closing them says something about search or answers.
"""

from __future__ import annotations

TABLE_DATE = "2026-11-23"
"""Day on which the table was last compared with its sources; part of the evidence."""

TRAINING_TOKENS: tuple[str, ...] = (
    "GPTBot",
    "ClaudeBot",
    "anthropic-ai",
    "Claude-Web",
    "Google-Extended",
    "CCBot",
    "Applebot-Extended",
    "meta-externalagent",
    "FacebookBot",
    "Bytespider",
    "Amazonbot",
    "cohere-ai",
    "cohere-training-data-crawler",
    "AI2Bot",
    "Ai2Bot-Dolma",
    "img2dataset",
    "LAIONDownloader",
    "laion-huggingface-processor",
    "omgili",
    "omgilibot",
    "Webzio-Extended",
    "Diffbot",
    "DeepSeekBot",
    "PanguBot",
    "ChatGLM-Spider",
    "Timpibot",
    "VelenPublicWebCrawler",
    "YandexAdditional",
    "YandexAdditionalBot",
    "ICC-Crawler",
    "SBIntuitionsBot",
    "Cotoyogi",
    "TikTokSpider",
    "ImagesiftBot",
    "imageSpider",
    "FriendlyCrawler",
    "GoogleOther",
    "GoogleOther-Image",
    "GoogleOther-Video",
    "Google-CloudVertexBot",
    "Factset_spyderbot",
    "ISSCyberRiskCrawler",
    "MistralAI-Training",
    "Scrapy",
    "Kangaroo Bot",
    "Brightbot 1.0",
    "Poseidon Research Crawler",
)

POLICY_TOKENS: tuple[str, ...] = ("__usage_ai-training",)
"""Reserved pseudo-agents of draft-kelley-aipref-training-preference-signal-00; the spelling is from a second hand."""

_FOLDED = frozenset(token.lower() for token in TRAINING_TOKENS)


def is_training_token(name: str) -> bool:
    """Whether a name, in any case, is one of a training crawler; a version after ``/`` does not matter."""
    folded = name.lower()
    return folded in _FOLDED or folded.partition("/")[0].strip() in _FOLDED
