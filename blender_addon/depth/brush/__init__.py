"""The depth brush: depth that an artist paints onto the relief, as a layer of its own."""
