"""An HTTP client for calls to models: every way in which an answer comes, comes in part, or does not come.

class TestMyUpstream(UpstreamConformance):
    @pytest.fixture
    def open_upstream(self) -> Opener: ...                    # an upstream of the server at a base address

    @pytest.fixture
    def self_signed(self) -> ssl.SSLContext: ...              # a server's certificate that nobody vouches for
"""

from roadworthy.testing.conformance.upstream.answering import AnsweringConformance
from roadworthy.testing.conformance.upstream.breaking import BreakingConformance
from roadworthy.testing.conformance.upstream.connecting import ConnectingConformance
from roadworthy.testing.conformance.upstream.scenes import Opener, sends, sends_and_ends, sends_and_hangs


class UpstreamConformance(AnsweringConformance, BreakingConformance, ConnectingConformance):
    """Everything the port ``Upstream`` promises."""


__all__ = ["Opener", "UpstreamConformance", "sends", "sends_and_ends", "sends_and_hangs"]
