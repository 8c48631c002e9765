"""Films in fragments (ISO/IEC 14496-12 §8.8): only those around the wanted picture are read."""
