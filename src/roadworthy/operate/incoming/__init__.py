"""Cases that come in by themselves: by mail, by webhook, as files."""
