"""The gateway: models of a use case for any program that speaks the OpenAI wire, within budget and policy."""
