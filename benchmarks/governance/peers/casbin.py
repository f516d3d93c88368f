"""Two rules with a matcher; the last line is CPU microseconds per decision."""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.pop(0)  # this file has the name of what it imports
import casbin

MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = rule, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = eval(p.rule) && r.obj == p.obj && r.act == p.act
"""
POLICY = """p, r.sub.amount < 5000 and r.sub.spent < 50000, pay.t0, call
p, r.sub.amount < 100, pay.t1, call
"""


class Subject:
    amount = 1200
    spent = 300


with tempfile.TemporaryDirectory() as folder:
    model, policy = Path(folder, "model.conf"), Path(folder, "policy.csv")
    model.write_text(MODEL)
    policy.write_text(POLICY)
    enforcer = casbin.Enforcer(str(model), str(policy))
found = []
said = False
for _ in range(1000):
    begun = time.process_time_ns()
    said = enforcer.enforce(Subject(), "pay.t0", "call")
    found.append((time.process_time_ns() - begun) / 1000)
found.sort()
print(
    json.dumps({"rules": 2, "p50 us": round(found[500], 1), "p99 us": round(found[990], 1), "said": said})
)
