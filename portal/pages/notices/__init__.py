"""What happened for the viewer: notifications by request, read and unread."""
