"""`python -m tourtrust` is `tourtrust`."""

from tourtrust.main import app

if __name__ == "__main__":
    app()
