"""The example company: Tidebank, an invented digital bank, and its support desk."""
