export { NOTIFICATION_KINDS, type Notification, type NotificationKind } from './notification.ts';
export { notificationsOf } from './notifications.ts';
export { createNotifier, notifySettings, type NotifySettings } from './settings.ts';
