"""ISO base media files (MP4, MOV, 3GP, fragmented, CMAF): ISO/IEC 14496-12, and QuickTime before it."""
