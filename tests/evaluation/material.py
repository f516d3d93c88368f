"""Suites and results for the tests of figures and formats."""

from roadworthy.evaluation import Grade, Grader, Result, Suite, Test, Transcript

EXACT = Grader("exact", "exact")


def suite_of(*tests, graders=(EXACT,), repeats=1):
    made = [Test(one, {"q": one}, "x") if isinstance(one, str) else one for one in tests]
    return Suite.of("x", made, graders, repeats=repeats)


def result(test, value, attempt=1, grader=EXACT, **transcript):
    """One attempt; a value of None is ungraded, a text is the error of the target."""
    if isinstance(value, str):
        return Result(test, attempt, Transcript(error=value), (Grade.of(grader, 0.0, "failed"),))
    grade = Grade.ungraded(grader, "cannot say") if value is None else Grade.of(grader, value, "said")
    return Result(test, attempt, Transcript(output="o", **transcript), (grade,))
