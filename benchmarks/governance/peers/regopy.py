"""Six rules of Rego over the same request; the last line is CPU microseconds per decision."""

import json
import sys
import time

sys.path.pop(0)  # this file has the name of what it imports
from regopy import Interpreter

RULES = """
package pay
default allow = false
allow { count(deny) == 0; input.tool == "pay.t0" }
deny["stopped"] { input.stopped }
deny["cap"] { input.spent_today_minor + input.amount_minor > 50000 }
deny["class"] { input.data_class > input.clearance }
deny["region"] { input.data_region != "any"; input.data_region != input.region }
deny["amount"] { input.amount_minor <= 0 }
"""
ASKED = {
    "tool": "pay.t0", "stopped": False, "spent_today_minor": 300, "amount_minor": 1200, "data_class": 2,
    "clearance": 2, "data_region": "eu", "region": "eu",
}  # fmt: skip

rego = Interpreter()
rego.add_module("pay", RULES)
found = []
for _ in range(500):
    begun = time.process_time_ns()
    rego.set_input(ASKED)
    answer = rego.query("data.pay.allow")
    found.append((time.process_time_ns() - begun) / 1000)
found.sort()
print(
    json.dumps(
        {
            "rules": 6,
            "p50 us": round(found[250], 1),
            "p99 us": round(found[495], 1),
            "said": str(answer)[:60],
        }
    )
)
