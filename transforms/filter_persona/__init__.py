"""FilterPersona: only what describes a person goes on."""
