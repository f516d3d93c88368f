"""Cost operations: what was spent, what a month will cost, which days are unusual, what could be cheaper.

``rows``       what the store hands out, grouped by day
``report``     the books, costs per case, budgets, showback
``forecast``   bands for a month's end and for a target volume
``anomalies``  days that clean history does not allow
``advice``     savings with their evidence and their risk
``asking``     savings on calls to models: shorter contexts, cached ones, batches
``tokens``     what tokens of each kind cost
``focus``      the books as FOCUS 1.2 rows
"""
