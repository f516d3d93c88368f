"""Parts that stand in for the outside in tests, and the suites that every adapter has to pass.

``memory``       the store and the vault without a database
``engine``       the job engine: jobs run when a test says so
``fixed``        a clock that stands still, randomness that repeats
``conformance``  what an adapter of a port must do, as tests to inherit (needs pytest)
"""
