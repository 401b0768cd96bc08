"""A file that waits to be confirmed is kept in the database for an hour."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('costs', '0002_partitions'),
    ]

    operations = [
        migrations.CreateModel(
            name='HeldFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=43, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('format', models.CharField(max_length=12)),
                ('data', models.BinaryField()),
                ('digest', models.CharField(help_text='SHA-256 of the file', max_length=64)),
                ('by', models.CharField(max_length=60)),
                ('at', models.DateTimeField()),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='costs.source')),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='held_files_by_time')],
            },
        ),
    ]
