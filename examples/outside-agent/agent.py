"""An agent of the shop, written with Pydantic AI. It knows nothing of Roadworthy.

What it is told from outside: where models answer (``OPENAI_BASE_URL``), where its tools are (``MCP_URL``), one key
for both (``OPENAI_API_KEY``), and a header that says which case this is (``CASE``).
"""

import asyncio
import os
import sys

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel

CASE = {"x-roadworthy-case": os.environ["CASE"]}
KEY = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}

model = OpenAIChatModel("small", settings={"extra_headers": CASE})
tools = MCPToolset(os.environ["MCP_URL"], headers=CASE | KEY)
agent = Agent(
    model,
    toolsets=[tools],
    instructions="You handle returned goods. Look up the order before you refund it, and refund its whole price.",
)


async def main(message: str) -> None:
    """Answer one message of a customer."""
    answered = await agent.run(message)
    print(answered.output)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
