"""A key with a budget for the LiteLLM proxy, without a database: its own hook for custom keys."""

import os

from litellm.proxy._types import UserAPIKeyAuth, hash_token

LIMIT = float(os.environ["BUDGET_OF_THE_KEY"])


async def user_api_key_auth(request: object, api_key: str) -> UserAPIKeyAuth:
    return UserAPIKeyAuth(api_key=api_key, token=hash_token(api_key), max_budget=LIMIT, spend=0.0)
