"""ExpandPersona: personas to those in close relationship with them."""
