"""A few customer messages in two languages, and models trained on them once."""

import pytest

from roadworthy.adapters.localmodels import TaskModel

MESSAGES = {
    "refund": [
        "I want my money back, the lamp arrived broken.",
        "When do I get the refund for my return?",
        "The refund is still not on my account.",
        "You refunded too little, please check.",
        "Please pay back the full price of the order.",
        "How long does a refund to my credit card take?",
        "Ich möchte mein Geld zurück, die Lampe ist kaputt.",
        "Wann bekomme ich die Erstattung für meine Rücksendung?",
        "Die Rückerstattung ist noch nicht auf meinem Konto.",
        "Sie haben mir zu wenig erstattet.",
        "Bitte erstatten Sie mir den Kaufpreis.",
        "Wie lange dauert eine Erstattung auf die Kreditkarte?",
    ],
    "delivery": [
        "Where is my parcel?",
        "The delivery should have come yesterday.",
        "When will my order be delivered?",
        "Tracking says the parcel has been in the depot for days.",
        "Can you send me the tracking number?",
        "Do you deliver on Saturdays?",
        "Wo bleibt mein Paket?",
        "Die Lieferung sollte gestern kommen.",
        "Wann wird meine Bestellung geliefert?",
        "Laut Sendungsverfolgung liegt das Paket im Depot.",
        "Können Sie mir die Sendungsnummer schicken?",
        "Liefern Sie auch am Samstag?",
    ],
    "invoice": [
        "I need an invoice for my order.",
        "The address on the invoice is wrong.",
        "Please send the invoice again as a PDF.",
        "The VAT on the invoice is not right.",
        "Please make the invoice out to my company.",
        "Where do I find my invoices?",
        "Ich brauche eine Rechnung für meine Bestellung.",
        "Auf der Rechnung steht die falsche Adresse.",
        "Bitte schicken Sie mir die Rechnung noch einmal als PDF.",
        "Die Mehrwertsteuer auf der Rechnung stimmt nicht.",
        "Bitte stellen Sie die Rechnung auf meine Firma aus.",
        "Wo finde ich meine Rechnungen?",
    ],
    "password": [
        "I forgot my password.",
        "I cannot log in any more.",
        "How do I reset my password?",
        "My account is locked after too many attempts.",
        "The link to reset the password does not work.",
        "I get no confirmation code on my phone.",
        "Ich habe mein Passwort vergessen.",
        "Ich kann mich nicht mehr anmelden.",
        "Wie setze ich mein Passwort zurück?",
        "Mein Konto ist nach zu vielen Versuchen gesperrt.",
        "Der Link zum Zurücksetzen des Passworts geht nicht.",
        "Ich bekomme keinen Bestätigungscode auf das Telefon.",
    ],
}
TEXTS = [text for texts in MESSAGES.values() for text in texts]
LABELS = [label for label, texts in MESSAGES.items() for _ in texts]


@pytest.fixture(scope="session")
def messages() -> tuple[list[str], list[str]]:
    """Texts and their labels: four labels, twelve texts each, half of them German."""
    return TEXTS, LABELS


def _trained(features: str) -> TaskModel:
    pytest.importorskip("sklearn", reason="the extra `local` is not installed")
    return TaskModel.train("intent", TEXTS, LABELS, seed=1, features=features)


@pytest.fixture(scope="session")
def both() -> TaskModel:
    return _trained("minilm+tfidf")


@pytest.fixture(scope="session")
def by_meaning() -> TaskModel:
    return _trained("minilm")


@pytest.fixture(scope="session")
def by_terms() -> TaskModel:
    return _trained("tfidf")


@pytest.fixture(params=["minilm+tfidf", "minilm", "tfidf"])
def model(request: pytest.FixtureRequest) -> TaskModel:
    """Each kind of features in turn."""
    name = {"minilm+tfidf": "both", "minilm": "by_meaning", "tfidf": "by_terms"}[request.param]
    found: TaskModel = request.getfixturevalue(name)
    return found
