package smtlib

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
)

// Func is a function that terms may call.
type Func func(args []Value) (Value, error)

// Env is what names in a term stand for.
type Env struct {
	Vars  map[string]Value
	Funcs map[string]Func
}

// Eval gives a term its value. Only the chosen arm of an ite is evaluated.
func (e *Env) Eval(t Term) (Value, error) {
	switch {
	case t.Atom != "":
		if v, ok := literal(t.Atom); ok {
			return v, nil
		}
		if v, ok := e.Vars[t.Atom]; ok {
			return v, nil
		}
		if f, ok := e.Funcs[t.Atom]; ok {
			return f(nil)
		}
		return Value{}, fmt.Errorf("what is %s", t.Atom)
	case len(t.List) == 0:
		return Value{}, errors.New("an empty list has no value")
	case t.head() == "ite" && len(t.List) == 4:
		c, err := e.Eval(t.List[1])
		if err != nil {
			return Value{}, err
		}
		if c.Bits != 0 {
			return Value{}, fmt.Errorf("ite on %v", c)
		}
		if c.True() {
			return e.Eval(t.List[2])
		}
		return e.Eval(t.List[3])
	}
	args := make([]Value, len(t.List)-1)
	for i, x := range t.List[1:] {
		v, err := e.Eval(x)
		if err != nil {
			return Value{}, err
		}
		args[i] = v
	}
	v, err := e.apply(t.List[0], args)
	if err == nil && v.Bits > maxBits {
		err = fmt.Errorf("more than %d bits", maxBits)
	}
	if err != nil {
		return Value{}, fmt.Errorf("%v of %v: %w", t.List[0], args, err)
	}
	return v, nil
}

func (e *Env) apply(head Term, args []Value) (Value, error) {
	if head.List != nil {
		return indexed(head, args)
	}
	if f, ok := e.Funcs[head.Atom]; ok {
		return f(args)
	}
	if op, ok := operators[head.Atom]; ok {
		if err := op.check(args); err != nil {
			return Value{}, err
		}
		return op.of(args), nil
	}
	return Value{}, errors.New("no such function")
}

// indexed applies ((_ extract 7 0) x), ((_ zero_extend 32) x), ((_ sign_extend 32) x).
func indexed(head Term, args []Value) (Value, error) {
	if len(args) != 1 || args[0].Bits == 0 || head.head() != "_" || len(head.List) < 3 {
		return Value{}, errors.New("no such function of one vector")
	}
	x := args[0]
	i, err := index(head.List[2])
	if err != nil {
		return Value{}, err
	}
	switch name := head.List[1].Atom; {
	case name == "extract" && len(head.List) == 4:
		j, err := index(head.List[3])
		if err != nil {
			return Value{}, err
		}
		if j > i || i >= x.Bits {
			return Value{}, fmt.Errorf("bits %d to %d of %d", j, i, x.Bits)
		}
		return wrap(new(big.Int).Rsh(x.V, j), i-j+1), nil
	case name == "zero_extend" && len(head.List) == 3:
		return wrap(x.V, x.Bits+i), nil
	case name == "sign_extend" && len(head.List) == 3:
		return wrap(x.signed(), x.Bits+i), nil
	}
	return Value{}, errors.New("no such function")
}

// Define makes functions of the define-fun commands among the terms; other
// commands are passed over. A function may call those before it.
func Define(commands []Term) (map[string]Func, error) {
	funcs := map[string]Func{}
	for _, c := range commands {
		if c.head() != "define-fun" {
			continue
		}
		name, f, err := define(c, maps.Clone(funcs))
		if err != nil {
			return nil, fmt.Errorf("%.80v: %w", c, err)
		}
		if funcs[name] != nil {
			return nil, fmt.Errorf("%s is defined twice", name)
		}
		funcs[name] = f
	}
	return funcs, nil
}

func define(c Term, known map[string]Func) (string, Func, error) {
	if len(c.List) != 5 || c.List[1].Atom == "" {
		return "", nil, errors.New("no definition")
	}
	type param struct {
		name string
		bits uint
	}
	var params []param
	for _, p := range c.List[2].List {
		if len(p.List) != 2 {
			return "", nil, fmt.Errorf("%v is no parameter", p)
		}
		bits, err := sort(p.List[1])
		if err != nil {
			return "", nil, err
		}
		params = append(params, param{p.List[0].Atom, bits})
	}
	bits, err := sort(c.List[3])
	if err != nil {
		return "", nil, err
	}
	return c.List[1].Atom, func(args []Value) (Value, error) {
		if len(args) != len(params) {
			return Value{}, fmt.Errorf("%d arguments, want %d", len(args), len(params))
		}
		env := &Env{map[string]Value{}, known}
		for i, p := range params {
			if args[i].Bits != p.bits {
				return Value{}, fmt.Errorf("%s is a %s, want %s", p.name, sortOf(args[i].Bits), sortOf(p.bits))
			}
			env.Vars[p.name] = args[i]
		}
		v, err := env.Eval(c.List[4])
		if err == nil && v.Bits != bits {
			err = fmt.Errorf("gives a %s, want %s", sortOf(v.Bits), sortOf(bits))
		}
		return v, err
	}, nil
}
