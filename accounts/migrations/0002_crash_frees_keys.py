"""A key is taken by the transaction of its request alone, so rows hold answers only."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL('DELETE FROM accounts_idempotencykey WHERE status IS NULL', migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='idempotencykey',
            name='claim',
        ),
        migrations.RemoveField(
            model_name='idempotencykey',
            name='claimed_until',
        ),
        migrations.AlterField(
            model_name='idempotencykey',
            name='status',
            field=models.PositiveSmallIntegerField(),
        ),
    ]
