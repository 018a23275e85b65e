package simulate

import (
	"context"
	"fmt"
	"os"
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

func TestDump(t *testing.T) {
	if os.Getenv("DUMP") == "" {
		t.Skip("")
	}
	laws = append(laws, struct {
		name  string
		check func(context.Context, *oracle, broken) error
	}{"dump", func(ctx context.Context, o *oracle, bad broken) error {
		for _, j := range o.shop.Story().Jobs {
			if j.Number != os.Getenv("DUMP") {
				continue
			}
			fmt.Println("PLOT", j.Plot)
			for _, m := range j.Marks {
				fmt.Println("  ", m.At.In(o.w.zone).Format("01-02 15:04:05"), m.What, m.Amount, m.Visit)
			}
			id := o.source(plumbline.Job, j.ID)
			o.view(ctx, func(tx *db.Tx) error {
				rows, err := tx.Query(`SELECT kind, connection, external, about, doc FROM source_record WHERE location_id=$1 AND golden_id=(SELECT golden_id FROM source_record WHERE location_id=$1 AND id=$2) UNION ALL SELECT 'GOLDEN','','','',doc FROM golden_record WHERE location_id=$1 AND id=$2`, o.id, string(id))
				if err != nil {
					fmt.Println(err)
					return nil
				}
				defer rows.Close()
				for rows.Next() {
					var a, b, c, d, e string
					rows.Scan(&a, &b, &c, &d, &e)
					fmt.Println(a, b, c, d, "\n     ", e)
				}
				return nil
			})
		}
		return nil
	}})
	TestTry(t)
}

func init() {
	if os.Getenv("TRACE") != "" {
		trace = func(w *world) {
			fmt.Println(w.now.In(w.zone).Format("01-02 15:04:05.000"), w.report.Steps, w.busy(context.Background()))
		}
	}
}

func init() {
	if os.Getenv("WAITING") != "" {
		n := 0
		trace = func(w *world) {
			if n++; fmt.Sprint(n) != os.Getenv("WAITING") {
				return
			}
			w.awake().app.DB.View(context.Background(), w.now, func(tx *db.Tx) error {
				key := "%" + os.Getenv("KEY") + "%"
				rows, err := tx.Query(`SELECT type||' '||key_id||' '||vendor_id||' '||state||' '||reason||' '||doc FROM target_record WHERE key_id LIKE $1
					UNION ALL SELECT type||' '||key_id||' '||vendor_id||' '||state||' '||reason FROM target_record
					UNION ALL SELECT * FROM (SELECT started||' '||room||' '||carries||' '||state||' '||outcome||' '||request FROM attempt WHERE carries LIKE $1 ORDER BY started DESC LIMIT 20)`, key)
				if err != nil {
					fmt.Println(err)
					return nil
				}
				defer rows.Close()
				for rows.Next() {
					var s string
					rows.Scan(&s)
					fmt.Println(s)
				}
				return nil
			})
		}
	}
}

func init() {
	if os.Getenv("LASTCALLS") != "" {
		n := 0
		trace = func(w *world) {
			if n++; fmt.Sprint(n) != os.Getenv("LASTCALLS") {
				return
			}
			w.awake().app.DB.View(context.Background(), w.now, func(tx *db.Tx) error {
				rows, err := tx.Query(`SELECT * FROM (SELECT location_id||' '||started||' '||connection||' '||room||' '||carries||' '||state||' '||outcome||' '||substr(request,1,300) FROM attempt ORDER BY started DESC LIMIT 40)`)
				if err != nil {
					fmt.Println(err)
					return nil
				}
				defer rows.Close()
				for rows.Next() {
					var s string
					rows.Scan(&s)
					fmt.Println(s)
				}
				return nil
			})
		}
	}
}

func init() {
	if os.Getenv("TEXTS") != "" {
		laws = append(laws, struct {
			name  string
			check func(context.Context, *oracle, broken) error
		}{"dump", func(ctx context.Context, o *oracle, bad broken) error {
			for _, m := range o.sender.Messages() {
				fmt.Println("TEXT", m.Sid, m.StatusCallback, m.Direction)
			}
			return o.view(ctx, func(tx *db.Tx) error {
				rows, err := tx.Query(`SELECT id||' '||carries FROM attempt WHERE room='notify' LIMIT 5`)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var s string
					rows.Scan(&s)
					fmt.Println(s)
				}
				return nil
			})
		}})
	}
}


func init() {
	if os.Getenv("SENT") != "" {
		laws = append(laws, struct {
			name  string
			check func(context.Context, *oracle, broken) error
		}{"dump", func(ctx context.Context, o *oracle, bad broken) error {
			list, err := o.texts(ctx)
			if err != nil {
				return err
			}
			for _, s := range list {
				fmt.Println("TEXT", s.Sid, s.Created.UTC().Format("15:04:05.000"), s.Status, s.rule, s.id, s.To, s.ErrorCode, s.StatusCallback)
			}
			return o.view(ctx, func(tx *db.Tx) error {
				rows, err := tx.Query(`SELECT id||' '||carries||' started '||started||' settled '||settled||' '||state||' '||outcome||' asks '||asks||' epoch '||epoch||' '||request FROM attempt WHERE room='notify' AND carries LIKE $1`, "%"+os.Getenv("SENT")+"%")
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var s string
					rows.Scan(&s)
					fmt.Println(s)
				}
				return nil
			})
		}})
	}
}
