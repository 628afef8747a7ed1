"""`python -m tourtrust` is `tourtrust`."""

from tourtrust.main import app

app()
