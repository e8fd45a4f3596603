"""Indexes for alerts of no service."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('detection', '0005_restatements'),
        ('incidents', '0004_void_on'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('service', None), ('status', 'firing')), fields=['service', 'is_firing'], name='alert_unrouted_firing'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('service', None), ('status', 'resolved')), fields=['service', 'ends_at'], name='alert_unrouted_ended'),
        ),
    ]
