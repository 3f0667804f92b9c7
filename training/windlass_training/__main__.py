from windlass_training.cli import main

raise SystemExit(main())
