"""What pages and the API show: one function per question, JSON values out, the same for both doors."""
