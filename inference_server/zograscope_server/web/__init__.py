"""How the server speaks with the web, whatever it fetches."""
