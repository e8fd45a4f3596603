"""The row that says what is to be set right since a label has another meaning."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('detection', '0004_mapping'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Restatement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('lease_token', models.CharField(blank=True, editable=False, max_length=32)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('asked_at', models.DateTimeField()),
                ('not_before', models.DateTimeField()),
                ('position', models.BigIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('looked', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('mapping', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='restatement', to='detection.mapping')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('done_at', None)), fields=['not_before'], name='restatement_waiting')],
            },
        ),
    ]
