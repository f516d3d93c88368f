"""Stand-ins for the receivers of alerts that an installation has: nobody real is told of a drill."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from roadworthy.ports.rehearsing import AlertStandIn
from roadworthy.ports.watching import Channel
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.receivers import receivers


@contextmanager
def receivers_standing_in(
    place: Workspace,
) -> Iterator[tuple[tuple[Channel, ...], tuple[AlertStandIn, ...]]]:
    """For each configured receiver the real channel of its kind, at the address of a stand-in on this machine.

    The real ones are read, and with them their secrets, so that what is wrong in the file shows; neither
    their addresses nor their secrets are used. Errors: ``InputProblem`` RW-ALERT-002.
    """
    from roadworthy.adapters.alertmanager import Alertmanager
    from roadworthy.adapters.posting import HttpPost
    from roadworthy.adapters.rehearsal import AlertmanagerStandIn, MailStandIn, WebhookStandIn
    from roadworthy.adapters.smtp import Mail, MailServer
    from roadworthy.adapters.webhooks import Webhook

    configured = receivers(place)
    channels: list[Channel] = []
    stand_ins: list[AlertStandIn] = []
    with ExitStack() as ends:
        post = HttpPost()
        ends.callback(post.close)
        for real in configured:
            if isinstance(real, Webhook):
                secret = secrets.token_bytes(32)
                hook = WebhookStandIn(real.name, secret)
                ends.callback(hook.close)
                stand_ins.append(hook)
                channels.append(Webhook(real.name, post, hook.address, secret=secret))
            elif isinstance(real, Alertmanager):
                manager = AlertmanagerStandIn(real.name)
                ends.callback(manager.close)
                stand_ins.append(manager)
                channels.append(Alertmanager(real.name, post, manager.address, headers={}))
            else:
                box = MailStandIn(real.name)
                ends.callback(box.close)
                stand_ins.append(box)
                server = MailServer("127.0.0.1", box.port, "none")
                drill = "drill@roadworthy.invalid"
                channels.append(Mail(real.name, server, sender=drill, to=[drill]))
        yield tuple(channels), tuple(stand_ins)
