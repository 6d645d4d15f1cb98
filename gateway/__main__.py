"""`python -m gateway` is `motlan`."""

from gateway.cli import main

if __name__ == "__main__":
    main()
